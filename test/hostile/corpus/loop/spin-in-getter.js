// expect: cpu
({ get x() { for (;;); } }).x;
