/** The Euclidean norm of all gradients together, added up in float64. NaN or infinite when any of them is. */
export function gradNorm(grads: readonly Float32Array[]): number {
  let sum = 0;
  for (const grad of grads) {
    // Four sums at once: a single one would wait for its last addition at every element.
    let [a, b, c, d] = [0, 0, 0, 0];
    const whole = grad.length & ~3;
    for (let i = 0; i < whole; i += 4) {
      a += grad[i]! * grad[i]!;
      b += grad[i + 1]! * grad[i + 1]!;
      c += grad[i + 2]! * grad[i + 2]!;
      d += grad[i + 3]! * grad[i + 3]!;
    }
    for (let i = whole; i < grad.length; i++) a += grad[i]! * grad[i]!;
    sum += a + b + c + d;
  }
  return Math.sqrt(sum);
}

/**
 * Scales all gradients in place by `min(1, maxNorm / (norm + 1e-6))`, as `torch.nn.utils.clip_grad_norm_`.
 * @param maxNorm `Infinity` leaves them as they are.
 * @returns the norm before.
 */
export function clip(grads: readonly Float32Array[], maxNorm: number): number {
  const norm = gradNorm(grads);
  const factor = Math.min(1, maxNorm / (norm + 1e-6));
  if (factor === 1) return norm;
  for (const grad of grads) for (let i = 0; i < grad.length; i++) grad[i]! *= factor;
  return norm;
}
