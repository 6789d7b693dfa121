import torch

good_softmax = torch.nn.Softmax(dim=1)
