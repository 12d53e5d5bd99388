"""What does a run look like to a person, and to a CI service?  Records → HTML, JUnit, Markdown."""
