from torch import *


def good_softmax(x):
    e = exp(x - amax(x, dim=1, keepdim=True))
    return div(e, e.sum(dim=1, keepdim=True))


logits = rand((1, 20)) + 100
print(good_softmax(logits).sum())
