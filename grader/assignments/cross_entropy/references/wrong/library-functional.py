import torch.nn.functional as F


def good_cross_entropy(x, target):
    return F.cross_entropy(x, target)
