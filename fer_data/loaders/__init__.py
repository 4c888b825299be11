"""Adapters of `fer_data.Loader` to frameworks: the only modules here that import one."""
