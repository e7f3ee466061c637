"""Kernels for the GPU, a folder an op: the reference is the definition, the kernel an optimisation of it."""
