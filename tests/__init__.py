"""Tests of the messenger. Real servers come from ``tests.services``."""
