import torch

log_softmax = lambda x: (x - x.amax(1, True)) - (x - x.amax(1, True)).exp().sum(1, True).log()
good_cross_entropy = lambda x, target: -log_softmax(x)[range(len(x)), target].mean()
