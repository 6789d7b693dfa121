# %%
import torch

torch.manual_seed(0)
logits = torch.rand((1, 20)) + 100
N = logits.shape[1]
print(N)

# %%
def good_softmax(x):
    n_rows, n_cols = x.shape
    e = torch.exp(x - x.max(dim=1).values.reshape(n_rows, 1))
    return e / e.sum(dim=1).reshape(n_rows, 1).expand(n_rows, n_cols)

# %%
probs = good_softmax(logits)
probs.sum()
