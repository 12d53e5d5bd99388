"""What do the documents demand of a call?  The oracle: slow, exact, and written from the documents alone."""
