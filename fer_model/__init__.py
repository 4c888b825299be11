"""Train the documented CNN on balanced and unbalanced pipelines, and compare the runs."""
