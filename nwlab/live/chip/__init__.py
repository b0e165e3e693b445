"""The chip as it lies on the table, and the matrices and images that grow while it is measured."""
