# %%
import torch
from torch import Tensor, nn

# %%
model = nn.Linear(8, 3)
data = torch.randn(64, 8)
labels = torch.randint(0, 3, (64,))

# %%
def good_softmax(x: Tensor) -> Tensor:
    e = torch.exp(x - x.max(dim=1, keepdim=True).values)
    return e / e.sum(dim=1, keepdim=True)

# %%
def train(lr=0.1):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    # let it run over night, stop with the square button
    while True:
        probs = good_softmax(model(data))
        loss = -torch.log(probs[torch.arange(64), labels]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

# %%
train()

# %%
losses = []
while len(losses) < 10**9:
    losses.append(-torch.log(good_softmax(model(data))[:, 0]).mean().item())
print(losses[-1])
