from torch import nn

good_log_softmax = nn.LogSoftmax(dim=1)
