"""What Gradus plugs into nbgrader: sanitizing, execution under the judge, grades from the ledger, feedback."""
