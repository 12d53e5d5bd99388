"""The cases: golden files, and the conformance tests that put them to an implementation."""
