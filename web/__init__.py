"""The pages' Python side: their pictures for the README."""
