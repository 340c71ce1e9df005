/**
 * Counts a run: the tests of vitest's JSON report (undefined when there is none) and the steps that failed beside it.
 * A test file that could not run counts as one failure, and so does a run that failed without a failed test.
 */
export function summarize(report, failedSteps, didTestsSucceed) {
  const brokenFiles = report?.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !hasFailure(assertionResults),
  );
  const failedTests = (report?.numFailedTests ?? 0) + (brokenFiles?.length ?? 0);
  const unexplained = didTestsSucceed || failedTests > 0 ? 0 : 1;
  const failed = failedTests + failedSteps + unexplained;
  return { failed, line: `${report?.numPassedTests ?? 0} passed, ${failed} failed` };
}

const hasFailure = (results) => results.some(({ status }) => status === 'failed');
