"""Optimizers: momentum, AdaGrad, RMSProp, Adam and their relatives."""
