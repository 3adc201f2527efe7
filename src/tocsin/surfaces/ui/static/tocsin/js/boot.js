// The console's and the help centre's behaviour starts here.
