"""Batches as frameworks take them; each adapter imports its framework, and nothing else does."""
