"""Do the lists of documents, clauses and cases count the same things?"""

import json


def listed(run_adjoint, what):
    return json.loads(run_adjoint("list", what, "--json").stdout)


def test_the_lists_agree_on_what_they_count(run_adjoint):
    clauses, cases = listed(run_adjoint, "clauses"), listed(run_adjoint, "cases")
    for row in listed(run_adjoint, "documents"):
        own = [clause for clause in clauses if clause["document"] == row["document"]]
        levels = {level: row[level] for level in ("stated", "implied", "customary", "open")}
        assert levels == {level: sum(c["level"] == level for c in own) for level in levels}
        assert row["clauses"] == len(own) == sum(levels.values())
        assert row["with cases"] == sum(clause["cases"] > 0 for clause in own) > 0
        assert (row["sentences"] > row["uncheckable"]) == any(clause["sentences"] for clause in own)
    for clause in clauses[::25]:
        named = [case for case in cases if clause["id"] in case["clauses"].split(", ")]
        assert len(named) == clause["cases"]
