def good_log_softmax(x):
    return x
