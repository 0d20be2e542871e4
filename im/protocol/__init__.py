"""What travels between a client and a node: names, frames and bodies, as types.

The types are the one source: JSON Schemas, OpenAPI and AsyncAPI are generated from them
(``schema``), and what goes over the wire is held against those in the tests.
"""
