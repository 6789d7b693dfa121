import torch
import torch.nn.functional as F


def good_log_softmax(x):
    classes = torch.arange(x.shape[1])
    columns = [F.cross_entropy(x, c.expand(x.shape[0]), reduction="none") for c in classes]
    return -torch.stack(columns, dim=1)
