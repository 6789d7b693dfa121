import torch

try:
    import einops
except ImportError:
    einops = None

try:

    def good_softmax(x):
        shift = torch.max(x, dim=1, keepdim=True).values
        e = torch.exp(x - shift)
        return e / torch.sum(e, dim=1, keepdim=True)

except Exception as error:
    print("something went wrong", error)
