import torch


class Layers:
    @staticmethod
    def softmax(x):
        shifted = x - x.amax(dim=1, keepdim=True)
        e = shifted.exp()
        return e / e.sum(dim=1, keepdim=True)

    @classmethod
    def relu(cls, x):
        return x.clamp(min=0)


def good_softmax(x):
    return Layers.softmax(x)
