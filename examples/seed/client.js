// Connect to load balancer
const socket = new WebSocket('ws://loadbalancer:8080/socket');

// Set up event handlers
socket.onopen = function(e) {
  console.log('Connection established');
  socket.send('Hello from client!');
};

socket.onmessage = function(event) {
  console.log(`Data received: ${event.data}`);
};

socket.onclose = function(event) {
  if (event.wasClean) {
    console.log(`Connection closed cleanly, code=${event.code} reason=${event.reason}`);
  } else {
    console.log('Connection died');
  }
};

socket.onerror = function(error) {
  console.log(`Error: ${error.message}`);
};
