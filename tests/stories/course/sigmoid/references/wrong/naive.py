import torch


def good_sigmoid(x):
    return torch.exp(x) / (1 + torch.exp(x))
