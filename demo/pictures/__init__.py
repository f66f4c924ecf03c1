"""Pictures of demo posts and of niches: flat drawings, by niche and topic, different for each post.

`scenes.py` says what a picture shows and draws it; it and the modules that it imports are pure. `posts.py` finds the topics of
posts, and `views.py` serves the pictures. A niche without drawings has the pictures of live posts.
"""
