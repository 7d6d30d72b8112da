"""Everything that touches realtime: nothing outside this package knows its protocol.

`feed` says what can be watched, `known` remembers what was given, `watch` is the iterator,
`hub` the one connection under all of them, `frames` the wire.
"""
