"""Training the two segmentation nets on nnU-Net, on fully and on partly labeled data."""
