import torch


def good_softmax(x):
    B, N = x.shape
    out = []
    for i in range(B):
        biggest = x[i, 0]
        for j in range(1, N):
            if x[i, j] > biggest:
                biggest = x[i, j]
        total = 0.0
        exps = []
        for j in range(N):
            exps.append(torch.exp(x[i, j] - biggest))
            total = total + exps[j]
        out.append(torch.stack([e / total for e in exps]))
    return torch.stack(out)
