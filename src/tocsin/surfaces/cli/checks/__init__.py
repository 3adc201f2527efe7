"""What ``tocsin doctor`` looks at. Every check yields findings; a finding that is wrong says what to do."""
