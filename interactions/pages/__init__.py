"""The pages that users see: the inbox with its threads, the posts, and the settings of profiles, replies, rules and blocked authors. They call what the API calls."""
