using 'main.bicep'

param place = 'norwayeast'
