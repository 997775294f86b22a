package subtle

// LowOrder are the y of points of small order.
var LowOrder = lowOrder
