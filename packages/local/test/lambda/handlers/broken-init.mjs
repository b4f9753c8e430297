throw new RangeError('no oven')
