"""What is in a data set: counts, drift, agreement, doubtful labels."""
