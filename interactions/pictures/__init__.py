"""Pictures of people, profiles and posts, which the server draws: the same address always has the same picture.

Pages get addresses from `people.py` and `posts.py`. `views.py` serves the pictures. The other modules are pure and draw
them.
"""
