import torch

half = 0.5


def good_sigmoid(x):
    return half + half * torch.tanh(half * x)
