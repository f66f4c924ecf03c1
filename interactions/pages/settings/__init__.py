"""The sections of the settings that are about profiles and the inbox. Routed by `settings/urls.py`."""
