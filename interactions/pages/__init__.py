"""The pages that users see: the inbox with its threads, and the posts. They call what the API calls."""
