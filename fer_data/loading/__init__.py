"""The loader: images, a plan of samples and augmentation make batches."""
