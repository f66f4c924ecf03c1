"""Is a story believable? Measures of it, held to published figures. Pure: no database, no clock."""
