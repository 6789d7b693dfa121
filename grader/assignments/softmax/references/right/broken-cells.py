# %%
import torch
from torch import Tensor

# %%
# first try, gave up
def good_softmax(x: Tensor) -> Tensor
    return torch.exp(x) /

# %%
def good_softmax(x: Tensor) -> Tensor:
    z = x - x.amax(dim=1, keepdim=True)
    e = torch.exp(z)
    return e / e.sum(dim=1, keepdim=True)

# %%
for i in range(10)
    print i

# %%
plot_probabilities(good_softmax(logits))

# %% [markdown]
# the last cells do not run on my laptop
