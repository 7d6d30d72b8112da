"""Measurements: each module measures one part against its peers in one run; the numbers live in RESULTS.md."""
