/** Label of a position that is not trained, as PyTorch's cross entropy has it: data marks with it, the loss leaves it out. */
export const IGNORED_LABEL = -100;
