from math import exp


def good_softmax(x):
    answer = []
    for row in x.tolist():
        biggest = max(row)
        exps = [exp(v - biggest) for v in row]
        answer.append([e / sum(exps) for e in exps])
    return answer
