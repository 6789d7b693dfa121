# %% [markdown]
# # Tutorial 1b
# I split it in small pieces because it was easier to test.

# %%
import torch
from torch import Tensor

# %%
def row_max(t):
    return t.max(dim=1, keepdim=True).values

# %%
def good_softmax(x: Tensor) -> Tensor:
    e = shifted_exp(x)
    return normalise(e)

# %%
# needed above, only called later so the order is fine
def shifted_exp(t):
    return torch.exp(t - row_max(t))

# %%
def normalise(t):
    return t / t.sum(dim=1, keepdim=True)

# %%
logits = torch.rand((1, 20)) + 100
good_softmax(logits).sum()
