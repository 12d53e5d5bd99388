"""The documents, as numbered clauses."""

from adjoint.spec.clauses import Clause, Document, Spec, SpecError, load

__all__ = ["Clause", "Document", "Spec", "SpecError", "load"]
