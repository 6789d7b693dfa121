def good_sigmoid(x):
    return x.neg_().exp().add(1).reciprocal()
