# %%
%matplotlib inline
!pip install -q einops
import torch
from torch import Tensor
import matplotlib.pyplot as plt

# %%
from google.colab import drive
drive.mount("/content/drive")

# %%
%%time
def good_softmax(x: Tensor) -> Tensor:
    x_max = torch.max(x, dim=1, keepdim=True).values
    e = torch.exp(x - x_max)
    return e / torch.sum(e, dim=1, keepdim=True)

# %%
logits = torch.rand((1, 20)) + 100
%timeit good_softmax(logits)
plt.bar(range(20), good_softmax(logits)[0])
plt.show()
