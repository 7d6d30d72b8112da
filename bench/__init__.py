"""Measurements: each module measures one part against its peers in one run, into RESULTS.md."""
