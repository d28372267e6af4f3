/** Predictions whose confidence lies between two tenths. */
export interface ConfidenceBin {
  readonly count: number;
  /** Share of the predictions that are right; 0 of an empty bin. */
  readonly accuracy: number;
  /** Mean confidence; 0 of an empty bin. */
  readonly confidence: number;
}

/** Agreement of a classifier's confidence with its accuracy. */
export interface Calibration {
  /** Bins of equal width, from confidence 0 to 1. */
  readonly bins: readonly ConfidenceBin[];
  /** Mean distance of accuracy and confidence, bins weighted by their predictions. */
  readonly expectedError: number;
}

/** Bins of confidence. */
const BINS = 10;

/**
 * Calibration of predictions. A confidence between two bins counts in the lower one, as in the paper.
 * @param confidences Probability of each predicted class.
 * @param correct True for each prediction that is right.
 * @see Guo et al. 2017, "On Calibration of Modern Neural Networks", arXiv:1706.04599, section 2.
 */
export function calibration(confidences: readonly number[], correct: readonly boolean[]): Calibration {
  const sums = Array.from({ length: BINS }, () => ({ count: 0, right: 0, confidence: 0 }));
  for (const [i, confidence] of confidences.entries()) {
    const bin = sums[Math.min(BINS - 1, Math.max(0, Math.ceil(confidence * BINS) - 1))] as (typeof sums)[number];
    bin.count += 1;
    bin.right += correct[i] ? 1 : 0;
    bin.confidence += confidence;
  }
  const bins = sums.map(({ count, right, confidence }) => ({
    count,
    accuracy: count === 0 ? 0 : right / count,
    confidence: count === 0 ? 0 : confidence / count,
  }));
  const distance = bins.reduce((sum, bin) => sum + bin.count * Math.abs(bin.accuracy - bin.confidence), 0);
  return { bins, expectedError: distance / confidences.length };
}
