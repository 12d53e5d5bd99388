"""The implementations: programs that perform calls.

Nothing here is imported by the suite: `serving.py` is run as a program, by the Python of each framework
(3.7 at the oldest), and loads the `on_<system>.py` it is told to.
"""
