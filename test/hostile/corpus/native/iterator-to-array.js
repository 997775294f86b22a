// expect: cpu, kill, mem
return Iterator.from({ next: () => ({ done: false, value: 1 }) }).toArray().length;
